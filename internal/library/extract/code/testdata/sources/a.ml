(* want: - t f M M.g *)
open List

type t = A | B of int

(* Does. (* let no = *) *)
let rec f x = match x with
  | A -> "
let no = 1"

module M = struct
  let g = 1
end
