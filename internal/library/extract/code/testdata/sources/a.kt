// want: P A A.f A.g A A.B A.B.h top
data class P(val x: Int, val s: String = "{")

class A<T>(private val p: P) : Base<T>() {
    val text = """
        fun no() {
    """
    override fun f(a: Int): Int = a + 1

    fun g() {
        val l = { x: Int -> x }
    }

    val later = 1

    object B {
        fun h() {}
    }
}

private fun <T> top(x: T): T {
    return x
}
