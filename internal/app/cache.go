package app

import (
	"git.helu.ca/r/mnemosyne/internal/cache"
	"git.helu.ca/r/mnemosyne/internal/cache/memcached"
)

func (e *engines) openCache(p Program, _ string) (engine, error) {
	set := p.Settings.Cache
	if len(set.Servers) == 0 {
		e.Cache = cache.NewInProcess(cache.InProcessOptions{})
		return engine{part: "cache", kind: "in memory", where: "this process", ping: e.Cache.Ping}, nil
	}
	shared, err := memcached.New(memcached.Options{Servers: set.Servers, Prefix: set.Prefix, Log: p.Log, Registry: p.Registry})
	if err != nil {
		return engine{}, err
	}
	e.Cache = shared
	return engine{part: "cache", kind: "memcached", where: shared.Where(), ping: shared.Ping, close: shared.Close}, nil
}
