"""want: - C C.m C C.D C.D.n f -

def no(): pass
"""
import os


class C(Base):
    x = 1

    @property
    def m(self):
        text = """
class No:
"""
        def inner(): pass
        return text

    y = 2

    class D:
        async def n(self): pass


# Before.
def f(a,
      b=")"):
    return {
}

if __name__ == "__main__":
    f(1)
