package cli

import (
	"fmt"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/term"

	"github.com/catbox-go/catbox/catbox"
)

// progressMode says whether there is a status line.
type progressMode uint8

const (
	progressAuto progressMode = iota // on a terminal
	progressNever
)

func progressWords() []string { return []string{"auto", "never"} }

const (
	progressEvery = 200 * time.Millisecond
	progressRows  = 5 // a terminal with fewer has no room for it
)

// progress shows one line about a run in the last row of the terminal. The command
// has the rows above it: a scroll region (DECSTBM) keeps its output there, so that
// the two never mix. Each change of the terminal is one write, between what others
// write.
type progress struct {
	tty   *os.File
	count *catbox.Progress
	start time.Time
	quit  chan struct{}
	done  chan struct{}

	mu            sync.Mutex
	held          bool // the command is stopped, or the run is over
	shown         string
	width, height int // of the terminal with the region, 0 for none
}

// newProgress starts to show a line, or returns nil where there is to be none: when
// nothing is recorded, with -q, or without a terminal that can do it.
func (a *app) newProgress(f *runFlags, box *catbox.Sandbox) *progress {
	tty, ok := a.err.(*os.File)
	name := os.Getenv("TERM")
	if f.record.file == "" || f.record.progress == progressNever || f.quiet || !ok || name == "" || name == "dumb" {
		return nil
	}
	if _, height, err := term.GetSize(int(tty.Fd())); err != nil || height < progressRows {
		return nil
	}
	p := &progress{tty: tty, count: &catbox.Progress{}, start: time.Now(), quit: make(chan struct{}), done: make(chan struct{})}
	box.Progress = p.count
	go p.loop()
	return p
}

// loop draws the line until it is to stop.
func (p *progress) loop() {
	defer close(p.done)
	resized := make(chan os.Signal, 1)
	signal.Notify(resized, syscall.SIGWINCH)
	defer signal.Stop(resized)
	tick := time.NewTicker(progressEvery)
	defer tick.Stop()
	for {
		select {
		case <-p.quit:
			return
		case <-resized:
			p.redraw()
		case <-tick.C:
			p.draw(time.Now())
		}
	}
}

// stop removes the line for good. It may be called again, and of nil.
func (p *progress) stop() {
	if p == nil {
		return
	}
	p.pause()
	select {
	case <-p.quit:
	default:
		close(p.quit)
	}
	<-p.done
}

// pause removes the line until resume is called: the terminal is about to be
// another's.
func (p *progress) pause() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held = true
	p.restore()
}

// resume lets the line be drawn again.
func (p *progress) resume() {
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held = false
}

// redraw makes room for the line in a terminal that has another size now.
func (p *progress) redraw() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.height == 0 || !foreground() {
		return
	}
	if _, height, err := term.GetSize(int(p.tty.Fd())); err == nil && height < p.height {
		_, _ = p.tty.WriteString("\x1b7\x1b[r\x1b8") // the row is gone
		p.height = 0
		return
	}
	p.restore()
}

// draw writes the line if it has changed.
func (p *progress) draw(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.held || !foreground() {
		return
	}
	var out strings.Builder
	if p.height == 0 {
		width, height, err := term.GetSize(int(p.tty.Fd()))
		if err != nil || height < progressRows {
			return
		}
		p.width, p.height, p.shown = width, height, ""
		// Down and up again (IND keeps the column), because the cursor may stand in the
		// last row; and setting a region moves it, so it is saved and restored.
		fmt.Fprintf(&out, "\x1bD\x1b7\x1b[1;%dr\x1b8\x1b[A", height-1)
	}
	line := p.line(now.Sub(p.start))
	if line = line[:min(len(line), max(0, p.width-1))]; line == p.shown {
		return
	}
	p.shown = line
	fmt.Fprintf(&out, "\x1b7\x1b[%d;1H\x1b[2K%s\x1b8", p.height, line)
	_, _ = p.tty.WriteString(out.String())
}

// restore gives the command the whole terminal again.
func (p *progress) restore() {
	if p.height == 0 {
		return
	}
	_, _ = fmt.Fprintf(p.tty, "\x1b7\x1b[r\x1b[%d;1H\x1b[2K\x1b8", p.height)
	p.height = 0
}

// line is what is shown, in ASCII.
func (p *progress) line(t time.Duration) string {
	seconds := int(t / time.Second)
	clock := fmt.Sprintf("%d:%02d", seconds/60, seconds%60)
	if seconds >= 3600 {
		clock = fmt.Sprintf("%d:%02d:%02d", seconds/3600, seconds/60%60, seconds%60)
	}
	return fmt.Sprintf("catbox: %s, %s, %s, %s", clock, counted(p.count.Processes.Load(), "process", "processes"),
		counted(p.count.Files.Load(), "file", "files"), counted(p.count.Violations.Load(), "violation", "violations"))
}

func counted(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
