// Package fakeroot measures faked ownership against the kernel.
//
// Random sequences of calls are carried out by a guest program: by real root,
// natively, and by an ordinary user under catbox run --fakeroot. What the guest has
// seen must be the same. A sequence that shows a difference is cut down to the
// operations that matter before it is reported. The differences that are meant, or
// cannot be helped, are a list of their own, and each must still be there.
package fakeroot
