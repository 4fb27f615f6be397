% want: - r f g
-module(a).
-export([f/1]).

-record(r, {x}).

%% Does.
f(0) -> 1;
f(N) ->
    g(N).

g(X) -> "f(" ++ X.
