package orders

import (
	"fmt"
	"strings"

	"testbed/slowserver/catalogue"
)

// invoiceLine describes what is bought, in every language that the shop speaks.
func invoiceLine(p catalogue.Product, quantity int) map[string]interface{} {
	line := map[string]interface{}{"product": p.ID, "quantity": quantity}
	for _, language := range []string{"en", "de", "fr", "es", "it", "nl", "pl", "sv", "pt", "da", "fi", "cs"} {
		line["text_"+language] = describe(language, p, quantity)
		line["price_"+language] = price(language, p.Price*quantity)
	}
	return line
}

func describe(language string, p catalogue.Product, quantity int) string {
	text := ""
	for _, word := range strings.Fields(p.Name) {
		text += strings.ToUpper(word[:1]) + word[1:] + " "
	}
	return fmt.Sprintf("[%s] %d × %s(%s)", language, quantity, text, strings.Join(p.Tags, ", "))
}

func price(language string, cents int) string {
	digits := fmt.Sprintf("%d", cents/100)
	grouped := ""
	for i, digit := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			grouped += "."
		}
		grouped += string(digit)
	}
	if language == "en" {
		return "€" + strings.ReplaceAll(grouped, ".", ",") + fmt.Sprintf(".%02d", cents%100)
	}
	return grouped + fmt.Sprintf(",%02d €", cents%100)
}
