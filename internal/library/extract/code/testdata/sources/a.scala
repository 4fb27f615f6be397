// want: - C C.f O O.g
package a

case class C(x: Int) extends B with D {
  def f[T](a: T): Int = {
    /* { /* nested */ */
    a.hashCode
  }
}

object O {
  private def g = "}" * 2
}
