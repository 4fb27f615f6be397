package sqldb_test

import (
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"git.helu.ca/r/mnemosyne/internal/sqldb"
	"git.helu.ca/r/mnemosyne/internal/sqldb/sqldbtest"
)

func TestAConnectionInUseShowsInTheMetrics(t *testing.T) {
	t.Parallel()
	sqldbtest.Each(t, func(t *testing.T, db *sqldb.DB) {
		registry := prometheus.NewPedanticRegistry()
		registry.MustRegister(db.Collector())
		inUse := func() (n float64) {
			families, err := registry.Gather()
			if err != nil {
				t.Fatal(err)
			}
			for _, f := range families {
				for _, m := range f.GetMetric() {
					for _, l := range m.GetLabel() {
						if f.GetName() == "mnemosyne_db_connections" && l.GetValue() == "in_use" {
							n += m.GetGauge().GetValue()
						}
					}
				}
			}
			return n
		}
		before := inUse()
		err := db.Tx(t.Context(), func(sqldb.Querier) error {
			if within := inUse(); within != before+1 {
				t.Errorf("in use were %v, and %v within a transaction", before, within)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	})
}
