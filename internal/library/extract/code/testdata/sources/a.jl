# want: M S f g h
module M

struct S
    x::Int
end

"""
    f(x)
"""
function f(x)
    x
end

g(x::Int) = x + 1

macro h(e)
end

end
