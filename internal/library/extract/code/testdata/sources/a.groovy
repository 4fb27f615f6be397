// want: A A.f A.g h
class A {
    def f(x) {
        println "${x} {"
    }

    String g() {
        x.each { it }
    }
}

def h() {
}
