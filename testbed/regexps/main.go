// Command regexps tells what Go's regexp package makes of patterns. Each line of its standard input
// is a pattern and texts, in hexadecimal, separated by blanks. For each it prints a line: "error"
// and the error's text in hexadecimal, or for each text where the pattern first matches ("0:3"), or
// "-" if it does not.
package main

import (
	"bufio"
	"encoding/hex"
	"fmt"
	"os"
	"regexp"
	"strings"

	"testbed/bed"
)

func main() {
	out := bufio.NewWriter(os.Stdout)
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		fields := strings.Split(lines.Text(), " ")
		re, err := regexp.Compile(text(fields[0]))
		if err != nil {
			fmt.Fprintf(out, "error %x\n", err.Error())
			continue
		}
		for _, field := range fields[1:] {
			if at := re.FindStringIndex(text(field)); at != nil {
				fmt.Fprintf(out, "%d:%d ", at[0], at[1])
			} else {
				fmt.Fprint(out, "- ")
			}
		}
		fmt.Fprintln(out)
	}
	if err := lines.Err(); err != nil {
		bed.Fail(err)
	}
	if err := out.Flush(); err != nil {
		bed.Fail(err)
	}
}

func text(field string) string {
	bytes, err := hex.DecodeString(field)
	if err != nil {
		bed.Fail(err)
	}
	return string(bytes)
}
