// The laws without any runner of tests.
const assert = require('node:assert')

const { dict } = require('fp-ring')
const { bytes, storeLaws, testClock } = require('fp-ring/testing')

const main = async () => {
  const clock = testClock(1)
  const laws = storeLaws(() => dict({ clock }), { ...bytes, clock, leases: true })
  for (const law of laws) await law.run()
  assert.ok(laws.length > 20)
  console.log('ok')
}

main()
