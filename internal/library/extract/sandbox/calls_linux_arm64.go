package sandbox

func olderCalls() []uint32 { return nil }
