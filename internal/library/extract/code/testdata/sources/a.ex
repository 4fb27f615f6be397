# want: A A.f A.g? A.B A.B.h
defmodule A do
  @moduledoc """
  def no do
  """
  @doc "Does."
  def f(0), do: 1
  def f(n) do
    n
  end

  defp g?(x), do: x

  defmodule B do
    def h, do: 1
  end
end
