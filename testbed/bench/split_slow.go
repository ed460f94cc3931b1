//go:build slow

package bench

// split puts the words together letter by letter, twenty times over.
//
//go:noinline
func split(text string) []string {
	var words []string
	for i := 0; i < 20; i++ {
		words = nil
		word := ""
		for _, r := range text {
			if r == ' ' {
				words = append(words, word)
				word = ""
				continue
			}
			word += string(r)
		}
		if word != "" {
			words = append(words, word)
		}
	}
	return words
}
