// want: - init:with: f
#import <F.h>

@implementation A

- (id)init:(int)a with:(NSString *)b {
  NSLog(@"{");
  return self;
}

@end

static void f(void) {
}
