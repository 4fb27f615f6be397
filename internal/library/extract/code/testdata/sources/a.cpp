// want: - n n.Box n.Box.Box n.Box.~Box n.Box.operator== n.Box n.free_one Out::method main
#include <vector>
#define OPEN {

namespace n {

template <typename T, class U = std::vector<T>>
class Box final : public Base<T> {
 public:
  explicit Box(int a) : a_(a), b_{1} { init(); }
  ~Box() override { if (a_) { close("}"); } }
  bool operator==(const Box& o) const { return a_ == o.a_; }
  int x = R"(} ")";
};

static inline int free_one(std::map<int, int> m) noexcept
{
  for (;;) { break; }
  return 'a' == '}';
}

}  // namespace n

void Out::method(int a)
{
  auto f = [&](int x) { return x; };
}

int main() { return 0; }
