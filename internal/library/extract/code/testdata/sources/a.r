# want: - f g
library(x)

f <- function(a, b = "}") {
  function(x) x
}

g = function() 1
