package page

import (
	"reflect"
	"time"
)

// sample makes a value with something in every part of it, so that a template
// runs through all its branches before anybody sees it.
func sample[T any]() T {
	var v T
	fill(reflect.ValueOf(&v).Elem())
	return v
}

func fill(v reflect.Value) {
	if !v.CanSet() && v.Kind() != reflect.Struct { // an embedded struct may hold what can be set
		return
	}
	if v.CanSet() && v.Type() == reflect.TypeFor[time.Time]() {
		v.Set(reflect.ValueOf(time.Unix(0, 0).UTC()))
		return
	}
	switch v.Kind() { //nolint:exhaustive // the rest stays zero
	case reflect.Bool:
		v.SetBool(true)
	case reflect.String:
		v.SetString("sample")
	case reflect.Int, reflect.Int64:
		v.SetInt(1)
	case reflect.Float64:
		v.SetFloat(1)
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case reflect.Map:
		key, value := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
		fill(key)
		fill(value)
		v.Set(reflect.MakeMap(v.Type()))
		v.SetMapIndex(key, value)
	case reflect.Struct:
		for _, field := range v.Fields() {
			fill(field)
		}
	}
}
