package catalog

import "testing"

func TestDefault(t *testing.T) {
	t.Parallel()
	c := Default()
	if len(c.Plans) != 3 || c.FreePlan().Credits != 50 {
		t.Fatalf("unexpected default catalog: %+v", c)
	}
	if notes := Notes(c); len(notes) > 0 {
		t.Error(notes)
	}
}
