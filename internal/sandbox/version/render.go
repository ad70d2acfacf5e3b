package version

import (
	"bytes"
	"encoding/json"
)

// Same reports whether the version answers the canonical shape, so that nothing needs to be rendered.
func (v Version) Same() bool { return !v.basil() }

// Render turns a canonical tree into the version's, in place. Snapshots inside events are left alone: they stay in
// the version of their event, whatever the request's.
func (v Version) Render(tree any) {
	if v.Same() {
		return
	}
	switch node := tree.(type) {
	case []any:
		for _, e := range node {
			v.Render(e)
		}
	case map[string]any:
		if node["object"] == "event" {
			return
		}
		if change, ok := basil[kind(node)]; ok {
			change(v, node)
		}
		for name, child := range node {
			if name != "metadata" { // the caller's own, which may call itself an object
				v.Render(child)
			}
		}
	}
}

// JSON renders the JSON of a canonical object.
func (v Version) JSON(data json.RawMessage) json.RawMessage {
	if v.Same() || len(data) == 0 {
		return data
	}
	tree := Decode(data)
	v.Render(tree)
	return encode(tree)
}

// kind is what kind of object a node is; empty for what is none, and for the note that is left of a deleted one.
func kind(node map[string]any) string {
	if node["deleted"] == true {
		return ""
	}
	name, _ := node["object"].(string)
	return name
}

// Decode reads JSON into a tree, with numbers as they were written.
func Decode(data []byte) any {
	var tree any
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	if err := d.Decode(&tree); err != nil {
		panic(err) // our own JSON: cannot fail
	}
	return tree
}

// encode writes JSON as Stripe does: & and < stand as they are.
func encode(tree any) json.RawMessage {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(tree); err != nil {
		panic(err) // what Decode read
	}
	return bytes.TrimRight(b.Bytes(), "\n")
}
