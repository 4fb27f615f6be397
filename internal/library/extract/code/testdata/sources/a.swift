// want: - S S.init S.f S.g E top
import Foundation

public struct S<T>: P where T: Q {
    var x: Int { return 1 }

    init?(a: Int) {
        self.a = a
    }

    @discardableResult
    func f(_ a: Int, b: String = "}") throws -> [Int] {
        return a.map { $0 + 1 }
    }

    static func g() {}
}

extension E: R {
}

func top() {
}
