package catbox

import "github.com/catbox-go/catbox/tracer/sysent"

// nativeArch is the ABI of catbox itself.
const nativeArch = sysent.AMD64
