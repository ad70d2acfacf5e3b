package api

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"

	"github.com/payloop/payloop/internal/sandbox/version"
)

// asTree is an object as encoding/json decodes it, with numbers as they were written.
func asTree(v any) any {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err) // our own structs: cannot fail
	}
	return version.Decode(data)
}

// indentedTree writes a tree as indented writes a struct: id and object first, where a reader looks for them.
func indentedTree(tree any) []byte {
	var b bytes.Buffer
	writeTree(&b, tree, "\n")
	b.WriteByte('\n')
	return b.Bytes()
}

// writeTree writes a value whose lines begin with an end of line and some spaces.
func writeTree(b *bytes.Buffer, v any, line string) {
	inner := line + "  "
	switch v := v.(type) {
	case map[string]any:
		for i, key := range keysOf(v) {
			b.WriteString([]string{"{", ","}[min(i, 1)] + inner)
			b.Write(scalar(key))
			b.WriteString(": ")
			writeTree(b, v[key], inner)
		}
		b.WriteString(closing(len(v), "{}", line))
	case []any:
		for i, e := range v {
			b.WriteString([]string{"[", ","}[min(i, 1)] + inner)
			writeTree(b, e, inner)
		}
		b.WriteString(closing(len(v), "[]", line))
	default:
		b.Write(scalar(v))
	}
}

func closing(n int, brackets, line string) string {
	if n == 0 {
		return brackets
	}
	return line + brackets[1:]
}

func keysOf(m map[string]any) []string {
	first := []string{}
	for _, key := range []string{"id", "object"} {
		if _, ok := m[key]; ok {
			first = append(first, key)
		}
	}
	rest := slices.DeleteFunc(slices.Sorted(maps.Keys(m)), func(key string) bool { return slices.Contains(first, key) })
	return append(first, rest...)
}

func scalar(v any) []byte {
	return bytes.TrimRight(indented(v), "\n")
}
