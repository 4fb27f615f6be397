package dashboard

import (
	"cmp"
	"math"
	"slices"

	"git.helu.ca/r/mnemosyne/internal/library"
)

// The picture of a library's concepts, in units of its own. It is drawn narrow,
// so that its words can be read on a telephone.
const (
	mapWidth, mapHeight = 400.0, 460.0
	mapMargin           = 14.0
	mapConcepts         = 18 // that are drawn
	mapLinks            = 40 // the strongest of theirs
	mapSteps            = 300
	gravity             = 0.5
	labelHeight         = 15.0
	labelRune           = 7.4 // width of a character, a wide one
	labelRunes          = 20
)

// conceptMap is where concepts and their links are drawn.
type conceptMap struct {
	Width, Height float64
	Nodes         []mapNode
	Links         []mapLink
}

type mapNode struct {
	Name, Label, Path string
	Chunks            int64
	X, Y, R, LabelY   float64
}

type mapLink struct {
	X1, Y1, X2, Y2, Width float64
	Tip                   string
}

// drawConcepts lays concepts out so that those stand near each other which
// stand in the same passages. The same library gives the same picture.
func drawConcepts(concepts []library.Concept, links []library.ConceptLink, path func(name string) string) conceptMap {
	concepts = concepts[:min(len(concepts), mapConcepts)]
	links = links[:min(len(links), mapLinks)]
	at := map[string]int{}
	most := 1
	for i, c := range concepts {
		at[c.Key] = i
		most = max(most, c.Chunks)
	}
	ties := tiesOf(links, at)
	m := conceptMap{Width: mapWidth, Height: mapHeight}
	points := layOut(concepts, ties)
	strongest := 1
	for _, l := range links {
		strongest = max(strongest, l.Chunks)
	}
	for _, l := range links {
		a, known := at[l.From]
		b, too := at[l.To]
		if !known || !too {
			continue
		}
		m.Links = append(m.Links, mapLink{
			X1: round(points[a].x), Y1: round(points[a].y), X2: round(points[b].x), Y2: round(points[b].y),
			Width: round(0.8 + 3*math.Sqrt(float64(l.Chunks)/float64(strongest))),
		})
	}
	for i, c := range concepts {
		r := 4 + 8*math.Sqrt(float64(c.Chunks)/float64(most))
		m.Nodes = append(m.Nodes, mapNode{
			Name: c.Name, Label: shortLabel(c.Name), Path: path(c.Name), Chunks: int64(c.Chunks),
			X: round(points[i].x), Y: round(points[i].y), R: round(r), LabelY: round(points[i].y + r + 11),
		})
	}
	return m
}

func round(x float64) float64 { return math.Round(10*x) / 10 }

func shortLabel(name string) string {
	runes := []rune(name)
	if len(runes) <= labelRunes {
		return name
	}
	return string(runes[:labelRunes-1]) + "…"
}

type point struct{ x, y float64 }

// tie is a link between two places in the list.
type tie struct {
	a, b     int
	strength float64
}

func tiesOf(links []library.ConceptLink, at map[string]int) []tie {
	var out []tie
	for _, l := range links {
		a, known := at[l.From]
		b, too := at[l.To]
		if known && too {
			out = append(out, tie{a, b, math.Log1p(float64(l.Chunks))})
		}
	}
	return out
}

// layOut is Fruchterman and Reingold's: all push one another away, ties pull
// together, less with every step. What is written below each is as wide as its
// words, so that they push further sideways.
func layOut(concepts []library.Concept, ties []tie) []point {
	n := len(concepts)
	points, half := make([]point, n), make([]float64, n)
	const golden = 2.399963
	for i := range points {
		far := math.Sqrt((float64(i) + 0.5) / float64(n))
		points[i] = point{mapWidth/2 + far*mapWidth/2*math.Cos(golden*float64(i)), mapHeight/2 + far*mapHeight/2*math.Sin(golden*float64(i))}
		half[i] = max(labelRune*float64(len([]rune(shortLabel(concepts[i].Name))))/2, 12)
	}
	apart := 0.8 * math.Sqrt(mapWidth*mapHeight/float64(max(n, 1)))
	for step := range mapSteps {
		moves := make([]point, n)
		for i := range points {
			for j := range points[:i] {
				dx, dy := points[i].x-points[j].x, points[i].y-points[j].y
				wide := 1 + (half[i]+half[j])/apart
				d := max(math.Hypot(dx/wide, dy), 1)
				push := apart * apart / d / d
				moves[i].x, moves[i].y = moves[i].x+push*dx, moves[i].y+push*dy
				moves[j].x, moves[j].y = moves[j].x-push*dx, moves[j].y-push*dy
			}
		}
		for _, t := range ties {
			dx, dy := points[t.a].x-points[t.b].x, points[t.a].y-points[t.b].y
			pull := math.Hypot(dx, dy) / apart * min(t.strength, 2) / 4
			moves[t.a].x, moves[t.a].y = moves[t.a].x-pull*dx, moves[t.a].y-pull*dy
			moves[t.b].x, moves[t.b].y = moves[t.b].x+pull*dx, moves[t.b].y+pull*dy
		}
		// What has no tie to the rest would be pushed into the corners.
		for i := range points {
			dx, dy := points[i].x-mapWidth/2, points[i].y-mapHeight/2
			pull := gravity * math.Hypot(dx, dy) / apart
			moves[i].x, moves[i].y = moves[i].x-pull*dx, moves[i].y-pull*dy
		}
		heat := mapWidth / 8 * (1 - float64(step)/mapSteps)
		for i := range points {
			if d := math.Hypot(moves[i].x, moves[i].y); d > 0 {
				points[i].x += moves[i].x / d * min(d, heat)
				points[i].y += moves[i].y / d * min(d, heat)
			}
		}
		within(points, half)
	}
	return partLabels(points, half)
}

// within keeps circles and words inside the picture.
func within(points []point, half []float64) {
	for i := range points {
		points[i].x = min(max(points[i].x, half[i]+2), mapWidth-half[i]-2)
		points[i].y = min(max(points[i].y, mapMargin), mapHeight-mapMargin-labelHeight)
	}
}

// partLabels moves apart, up and down, what would be written over another.
func partLabels(points []point, half []float64) []point {
	const tall = labelHeight + 16 // a circle and its words
	order := make([]int, len(points))
	for i := range order {
		order[i] = i
	}
	for range 60 {
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(points[a].y, points[b].y) })
		for k, i := range order {
			for _, j := range order[k+1:] {
				over := tall - (points[j].y - points[i].y)
				if over <= 0 || math.Abs(points[i].x-points[j].x) >= half[i]+half[j]+4 {
					continue
				}
				points[i].y -= over / 2
				points[j].y += over / 2
			}
		}
		within(points, half)
	}
	return points
}
