-- want: - T C f g main
module A (f) where

data T a = L | N a
  deriving (Eq)

class (Eq a) => C a where
  c :: a

-- | Does.
f :: Int -> Int
f 0 = 1
f n = n
  where g = 1

{- no :: Int
   no = 1 -}
g x' | x' = '{'

main :: IO ()
main = pure ()
