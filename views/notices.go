package views

func (p ActivatingPage) orWrite() string {
	if p.Product.SupportEmail == "" {
		return "."
	}
	return " or write to"
}

// titled names the page by its heading.
func (p ErrorPage) titled() Shell {
	s := p.Shell
	s.Title = p.heading()
	return s
}

// heading says kindly what the status says.
func (p ErrorPage) heading() string {
	switch p.Status {
	case 400, 422:
		return "That did not work"
	case 401:
		return "Please sign in"
	case 403:
		return "Not allowed"
	case 404:
		return "Page not found"
	case 405:
		return "Not this way"
	case 409:
		return "Not just now"
	case 413:
		return "Too large"
	case 429:
		return "A little slower, please"
	case 502, 503, 504:
		return "Back in a moment"
	}
	return "Something went wrong"
}

// advice says what to do, where the message does not.
func (p ErrorPage) advice() string {
	switch p.Status {
	case 400, 413, 422:
		return "Go back, check what was sent, and try again."
	case 404:
		return "The address may be mistyped, or the page may have moved."
	case 405:
		return "Go back and use the button on the page."
	case 429:
		return "Wait a minute and try again."
	case 500, 502, 503, 504:
		if p.Product.SupportEmail == "" {
			return ""
		}
		return "If it goes on, write to " + p.Product.SupportEmail + " and name the request below."
	}
	return ""
}
