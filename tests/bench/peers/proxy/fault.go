package main

import (
	"fmt"
	"math"
	"regexp"
	"strings"
	"sync"
	"time"
)

// Setting is how a site behaves from now on.
type Setting struct {
	DelayMs int     `json:"delay_ms"` // waited before each request goes on
	Faults  []Fault `json:"faults"`
}

// Fault is misbehaviour on request. The first that meets a request strikes it.
type Fault struct {
	Kind    string `json:"kind"`    // status, throttle, close-body, reset-body, reset-upload, corrupt
	Method  string `json:"method"`  // methods, separated by `|`; all when empty
	Path    string `json:"path"`    // a regular expression for a part of path and query
	Times   int    `json:"times"`   // how often; 0 is always
	Status  int    `json:"status"`  // for status
	Seconds int    `json:"seconds"` // for throttle: how long after the first request 429 is answered

	path   *regexp.Regexp
	struck int
	until  time.Time
}

// Counts is what passed since the setting was set.
type Counts struct {
	Requests int            `json:"requests"`
	Kinds    map[string]int `json:"kinds"` // by method and kind of path
	Up       int64          `json:"up"`    // bytes of request bodies
	Down     int64          `json:"down"`  // bytes of response bodies
	Struck   int            `json:"struck"`
}

type site struct {
	upstream string

	lock    sync.Mutex
	setting Setting
	counted Counts
}

func (s *site) set(setting Setting) error {
	for i := range setting.Faults {
		path, err := regexp.Compile(setting.Faults[i].Path)
		if err != nil {
			return fmt.Errorf("fault %d: %w", i, err)
		}
		setting.Faults[i].path = path
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	s.setting = setting
	s.counted = Counts{Kinds: map[string]int{}}
	return nil
}

func (s *site) counts() Counts {
	s.lock.Lock()
	defer s.lock.Unlock()
	counts := s.counted
	counts.Kinds = map[string]int{}
	for kind, number := range s.counted.Kinds {
		counts.Kinds[kind] = number
	}
	return counts
}

func (s *site) bytes(up, down int64) {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.counted.Up += up
	s.counted.Down += down
}

// meet counts a request, and returns how long it waits and what strikes it.
func (s *site) meet(method, target string, hasBody bool) (time.Duration, strike) {
	s.lock.Lock()
	defer s.lock.Unlock()
	s.counted.Requests++
	s.counted.Kinds[method+" "+kind(target)]++
	delay := time.Duration(s.setting.DelayMs) * time.Millisecond
	for i := range s.setting.Faults {
		fault := &s.setting.Faults[i]
		if fault.Kind == "reset-upload" && !hasBody {
			continue
		}
		if strike, struck := fault.meet(method, target); struck {
			s.counted.Struck++
			return delay, strike
		}
	}
	return delay, strike{}
}

type strike struct {
	kind       string
	status     int
	retryAfter int
}

func (f *Fault) meet(method, target string) (strike, bool) {
	if f.Method != "" && !strings.Contains("|"+f.Method+"|", "|"+method+"|") || !f.path.MatchString(target) {
		return strike{}, false
	}
	if f.Kind == "throttle" {
		if f.until.IsZero() {
			f.until = time.Now().Add(time.Duration(f.Seconds) * time.Second)
		}
		left := time.Until(f.until).Seconds()
		return strike{kind: "status", status: 429, retryAfter: int(math.Ceil(left))}, left > 0
	}
	if f.Times > 0 && f.struck >= f.Times {
		return strike{}, false
	}
	f.struck++
	return strike{kind: f.Kind, status: f.Status}, true
}

func kind(target string) string {
	path, _, _ := strings.Cut(target, "?")
	switch {
	case strings.Contains(path, "/manifests/"):
		return "manifest"
	case strings.Contains(path, "/blobs/uploads"):
		return "upload"
	case strings.Contains(path, "/blobs/"):
		return "blob"
	case strings.Contains(path, "/referrers/"):
		return "referrers"
	case strings.HasSuffix(path, "/tags/list"):
		return "tags"
	case path == "/v2/" || path == "/v2":
		return "ping"
	default:
		return "other"
	}
}
