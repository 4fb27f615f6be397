package httpx

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/swaggest/jsonschema-go"
	"github.com/swaggest/openapi-go"
	"github.com/swaggest/openapi-go/openapi31"
)

// Names of the security schemes in the document.
const (
	bearerScheme  = "bearer"
	sessionScheme = "session"
)

// OpenAPI makes the OpenAPI 3.1 document of some tables of routes.
func OpenAPI(title, version string, tables ...[]Route) ([]byte, error) {
	r := openapi31.NewReflector()
	r.Spec.Info.WithTitle(title).WithVersion(version)
	r.Spec.SetHTTPBearerTokenSecurity(bearerScheme, "", "A UserToken, made at /profile/tokens/.")
	r.Spec.SetAPIKeySecurity(sessionScheme, SessionCookie, openapi.InCookie, "A signed-in browser.")
	r.DefaultOptions = append(r.DefaultOptions,
		jsonschema.InterceptDefName(plainName), jsonschema.InterceptSchema(strictness(tables)), nullableByUnion)
	for _, table := range tables {
		for _, rt := range table {
			if err := addRoute(r, rt); err != nil {
				return nil, fmt.Errorf("describe %s %s: %w", rt.Method, rt.Path, err)
			}
		}
	}
	return json.Marshal(r.Spec)
}

// plainName names a schema by its Go type alone, without its package and a
// suffix that says what it is for.
func plainName(t reflect.Type, _ string) string {
	name := strings.TrimSuffix(t.Name(), "Body")
	return strings.ToUpper(name[:1]) + name[1:]
}

// nullableByUnion lets a reference to a schema be null too.
func nullableByUnion(rc *jsonschema.ReflectContext) { rc.EnvelopNullability = true }

// strictness says of what is taken that nothing else is, and of what is
// answered that all of it is there.
func strictness(tables [][]Route) jsonschema.InterceptSchemaFunc {
	taken := map[reflect.Type]bool{}
	for _, rt := range slices.Concat(tables...) {
		taken[reflect.TypeOf(rt.Body)], taken[reflect.TypeOf(rt.Form)] = true, true
	}
	return func(params jsonschema.InterceptSchemaParams) (stop bool, err error) {
		t := params.Value.Type()
		for t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		if !params.Processed || t.Kind() != reflect.Struct || len(params.Schema.Properties) == 0 {
			return false, nil
		}
		if taken[t] {
			params.Schema.WithAdditionalProperties(jsonschema.SchemaOrBool{TypeBoolean: new(false)})
			return false, nil
		}
		params.Schema.Required = answered(t)
		return false, nil
	}
}

// answered lists the JSON names that are in every answer of a type.
func answered(t reflect.Type) (names []string) {
	for _, f := range reflect.VisibleFields(t) {
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		if f.IsExported() && name != "" && name != "-" && !strings.Contains(options, "omitempty") {
			names = append(names, name)
		}
	}
	return names
}

func addRoute(r *openapi31.Reflector, rt Route) error {
	oc, err := r.NewOperationContext(rt.Method, rt.Path)
	if err != nil {
		return err
	}
	oc.SetID(rt.ID)
	oc.SetSummary(rt.Summary)
	oc.SetTags(rt.Tag)
	if rt.Public == nil {
		oc.AddSecurity(bearerScheme)
		oc.AddSecurity(sessionScheme)
	}
	addRequest(oc, rt)
	for status, body := range rt.Responses {
		oc.AddRespStructure(structureOf(body), func(cu *openapi.ContentUnit) {
			cu.HTTPStatus, cu.Description = status, http.StatusText(status)
			if c, ok := body.(Content); ok {
				cu.ContentType, cu.Customize = string(c), withoutSchema
			}
		})
	}
	for _, status := range faultsOf(rt) {
		if _, own := rt.Responses[status]; !own {
			oc.AddRespStructure(Fault{}, openapi.WithHTTPStatus(status), func(cu *openapi.ContentUnit) {
				cu.Description = http.StatusText(status)
			})
		}
	}
	return r.AddOperation(oc)
}

// withoutSchema leaves open what bytes of another media type hold.
func withoutSchema(cor openapi.ContentOrReference) {
	answer, ok := cor.(*openapi31.ResponseOrReference)
	if !ok || answer.Response == nil {
		return
	}
	for name, media := range answer.Response.Content {
		media.Schema = nil
		answer.Response.Content[name] = media
	}
}

func structureOf(body any) any {
	if _, ok := body.(Content); ok {
		return nil
	}
	return body
}

func addRequest(oc openapi.OperationContext, rt Route) {
	if params := pathStruct(rt.Path); params != nil {
		oc.AddReqStructure(params)
	}
	if rt.Query != nil {
		oc.AddReqStructure(rt.Query)
	}
	if rt.Body != nil {
		oc.AddReqStructure(rt.Body, openapi.WithContentType("application/json"), required)
	}
	if rt.Form != nil {
		oc.AddReqStructure(rt.Form, openapi.WithContentType("multipart/form-data"), required)
	}
}

func required(cu *openapi.ContentUnit) {
	cu.Customize = func(cor openapi.ContentOrReference) {
		if body, ok := cor.(*openapi31.RequestBodyOrReference); ok && body.RequestBody != nil {
			body.RequestBody.WithRequired(true)
		}
	}
}

// pathStruct is a struct with a field for each parameter of a path, as the
// reflector wants them.
func pathStruct(path string) any {
	var fields []reflect.StructField
	for i, m := range regexp.MustCompile(`\{(\w+)\}`).FindAllStringSubmatch(path, -1) {
		fields = append(fields, reflect.StructField{
			Name: fmt.Sprintf("P%d", i), Type: reflect.TypeFor[string](), Tag: reflect.StructTag(`path:"` + m[1] + `"`),
		})
	}
	if fields == nil {
		return nil
	}
	return reflect.New(reflect.StructOf(fields)).Elem().Interface()
}

// faultsOf lists the errors that a route may answer.
func faultsOf(rt Route) []int {
	faults := []int{http.StatusInternalServerError, http.StatusServiceUnavailable}
	if rt.Public != nil {
		return faults
	}
	faults = append(faults, http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound)
	if rt.Method != http.MethodGet {
		faults = append(faults, http.StatusConflict)
	}
	if rt.Body != nil || rt.Form != nil {
		faults = append(faults, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType)
	}
	return faults
}
