// want: - A A.f A A.g top
import 'x.dart';

@immutable
class A<T> extends B with C {
  final x = '{';
  A(this.x, {required int y}) : super(y);
  Future<void> f(int a) async {
    return;
  }
  int get y => 1;
  int g() => 2;
}

void top() {}
