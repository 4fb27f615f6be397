// want: - A A.A A.run A.Inner A.Inner.x A A.K
package a;

@Deprecated
public final class A<T extends Comparable<T>> implements B {
    private static final int[] X = {1, 2};

    public A() { super("{"); }

    @Override
    @SuppressWarnings({"unchecked", "rawtypes"})
    public <R> Map<String, R> run(final List<R> l) throws IOException {
        new Thread(new Runnable() { public void run() { } }).start();
        String s = """
            void no() {
            """;
        return null;
    }

    static class Inner {
        void x() {}
    }

    int field = 3;

    enum K { ONE, TWO }
}
