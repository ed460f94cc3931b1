//go:build !slow

package bench

import "strings"

func split(text string) []string {
	return strings.Fields(text)
}
