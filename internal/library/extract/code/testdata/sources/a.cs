// want: - N N.P N.A N.A.A N.A.Sum N.A.Go N.I
using System;

namespace N
{
    public record P(int X, int Y);

    [Serializable]
    public class A : B<int>, IC
    {
        public string Path { get; set; } = @"c:\{";
        public A(int x) : base(x) { }
        public int Sum(int a) => a + 1;

        /// <summary>Goes.</summary>
        [Obsolete("}")]
        public async Task<int> Go<T>(T a) where T : class
        {
            if (a == null) { return 0; }
            return 1;
        }
    }

    interface I { void X(); }
}
