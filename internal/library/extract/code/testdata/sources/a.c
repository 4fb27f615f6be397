/* want: - point list add - */
#include <stdio.h>

typedef struct { int x, y; } point;

struct list {
  struct list *next;
};

#if A
static int add(int a,
               char *b)
#else
static int add(int a, char *b)
#endif
{
  const char *s = "{ \" } /*";
  return a; // }
}

static const int table[] = { 1, 2, 3 };
