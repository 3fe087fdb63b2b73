/**
 * Draws the pictures of the guides: `node docs/images/make.mjs` writes the SVG files beside it.
 *
 * A page shows them as images, where `currentColor` is always black. So text that lies on the page has a grey that can be
 * read on white and on black, and text that lies on a colour is dark.
 */
import { writeFileSync } from 'node:fs'

const width = 720
const grey = '#757b84'
const ink = '#14181d'
const colours = { fresh: '#8fc79a', due: '#d9cf6b', stale: '#eab464', expired: '#e59a86', work: '#a9b8d8' }

const escaped = (s) => s.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')

const text = (x, y, s, { anchor = 'middle', fill = grey, size = 13, weight = 400 } = {}) =>
  `<text x="${x}" y="${y}" text-anchor="${anchor}" fill="${fill}" font-size="${size}" font-weight="${weight}">${escaped(
    s
  )}</text>`

const line = (x1, y1, x2, y2, rest = '') =>
  `<line x1="${x1}" y1="${y1}" x2="${x2}" y2="${y2}" stroke="${grey}" ${rest}/>`

const box = (x, y, w, h, fill, rest = '') =>
  `<rect x="${x}" y="${y}" width="${w}" height="${h}" fill="${fill}" ${rest}/>`

const file = (name, title, height, parts) =>
  writeFileSync(
    new URL(`${name}.svg`, import.meta.url),
    [
      `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="t" font-family="'DejaVu Sans', Verdana, 'Segoe UI', sans-serif">`,
      `<title id="t">${escaped(title)}</title>`,
      '<defs><marker id="a" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="8" markerHeight="8" orient="auto">',
      `<path d="M0 0 8 4 0 8z" fill="${grey}"/></marker></defs>`,
      ...parts.flat(Infinity),
      '</svg>',
      ''
    ].join('\n')
  )

// -- the life of an entry -------------------------------------------------------------------

const left = 24
const right = width - 24

/** Windows of an entry's life, from `[name, until, …what the cached function does]`; the last is what comes after. */
const life = (y, span, windows) => {
  const x = (seconds) => left + ((right - left) * seconds) / span
  return windows.map(([name, until, ...does], i) => {
    const from = x(i === 0 ? 0 : windows[i - 1][1])
    const to = x(until)
    const middle = (from + to) / 2
    const gone = name === 'missing'
    return [
      gone
        ? box(from, y, to - from, 34, 'none', `stroke="${grey}" stroke-dasharray="4 4"`)
        : box(from, y, to - from, 34, colours[name]),
      text(middle, y + 22, name, { fill: gone ? grey : ink, size: 14, weight: 700 }),
      does.map((s, row) => text(middle, y + 54 + 17 * row, s))
    ]
  })
}

/** Marks above the line: `[seconds, what is there]`. */
const marks = (y, span, at, height = 12) =>
  at.map(([seconds, label, anchor = 'middle']) => {
    const x = left + ((right - left) * seconds) / span
    return [line(x, y - height, x, y), text(x, y - height - 6, label, { anchor })]
  })

const heading = (s, y = 20) => text(left, y, s, { anchor: 'start', size: 14, weight: 700 })

file('ttl', 'An entry with a lifetime only: fresh, then missing', 136, [
  heading('ttl: 60 s'),
  marks(66, 120, [
    [0, 'written', 'start'],
    [60, '60 s']
  ]),
  life(66, 120, [
    ['fresh', 60, 'the entry'],
    ['missing', 120, 'a load, and everybody waits for it']
  ])
])

file('stale-while-revalidate', 'staleWhileRevalidate: fresh, then stale, then missing', 153, [
  heading('ttl: 60 s · staleWhileRevalidate: 30 s'),
  marks(66, 120, [
    [0, 'written', 'start'],
    [60, '60 s'],
    [90, '90 s']
  ]),
  life(66, 120, [
    ['fresh', 60, 'the entry'],
    ['stale', 90, 'the entry, and a load', 'in the background'],
    ['missing', 120, 'a load']
  ])
])

file('stale-if-error', 'staleIfError: fresh, then expired, then missing', 153, [
  heading('ttl: 60 s · staleIfError: 60 s'),
  marks(66, 150, [
    [0, 'written', 'start'],
    [60, '60 s'],
    [120, '120 s']
  ]),
  life(66, 150, [
    ['fresh', 60, 'the entry'],
    ['expired', 120, 'a load;', 'if it fails, the entry'],
    ['missing', 150, 'a load']
  ])
])

file('stale-both', 'Both stale windows: fresh, stale, expired, missing', 170, [
  heading('ttl: 60 s · staleWhileRevalidate: 30 s · staleIfError: 60 s'),
  marks(66, 150, [
    [0, 'written', 'start'],
    [60, '60 s'],
    [90, '90 s'],
    [120, '120 s']
  ]),
  life(66, 150, [
    ['fresh', 60, 'the entry'],
    ['stale', 90, 'the entry,', 'and a load in', 'the background'],
    ['expired', 120, 'a load;', 'if it fails,', 'the entry'],
    ['missing', 150, 'a load']
  ])
])

/** The chance of a load before the end: exp(−left / Δ), in the last fifth of a lifetime of `ttl` seconds. */
const chance = (y, height, span, ttl, delta) => {
  const x = (seconds) => (left + ((right - left) * seconds) / span).toFixed(1)
  const from = ttl * 0.8
  const points = Array.from({ length: 41 }, (_, i) => from + ((ttl - from) * i) / 40).map(
    (t) => `${x(t)} ${(y - height * Math.exp(-(ttl - t) / delta)).toFixed(1)}`
  )
  return `<path d="M${x(from)} ${y} L${points.join(' L')} L${x(ttl)} ${y}z" fill="${colours.due}"/>`
}

file('early-refresh', 'Early refresh: an entry is due before its lifetime ends', 340, [
  heading('ttl: 60 s · refreshAhead: 0.8'),
  marks(66, 74, [
    [0, 'written', 'start'],
    [48, '48 s'],
    [60, '60 s']
  ]),
  life(66, 74, [
    ['fresh', 48, 'the entry'],
    ['due', 60, 'the entry,', 'and a load in', 'the background'],
    ['missing', 74, 'a load']
  ]),
  heading('ttl: 60 s · earlyRefresh, where a load takes 4 s', 196),
  chance(262, 34, 74, 60, 4),
  marks(262, 74, [[0, 'written', 'start']]),
  marks(
    262,
    74,
    [
      [48, '48 s'],
      [60, '60 s']
    ],
    34
  ),
  life(262, 74, [
    ['fresh', 48, 'the entry'],
    ['due', 60, 'by chance,', 'as drawn above'],
    ['missing', 74, 'a load']
  ])
])

// -- two processes and a store --------------------------------------------------------------

const lanes = { A: 110, S: 360, B: 610 }

const lane = (name, label, bottom) => [
  box(lanes[name] - 76, 8, 152, 28, 'none', `stroke="${grey}" rx="4"`),
  text(lanes[name], 27, label, { weight: 700 }),
  line(lanes[name], 36, lanes[name], bottom, 'stroke-dasharray="3 4"')
]

const asks = (from, y, question, answer) => {
  const towards = lanes.S > lanes[from] ? 1 : -1
  const middle = (lanes[from] + lanes.S) / 2
  return [
    line(lanes[from] + 6 * towards, y, lanes.S - 2 * towards, y, 'marker-end="url(#a)"'),
    text(middle, y - 6, question),
    text(middle, y + 16, answer, { weight: 700 })
  ]
}

const runs = (name, y, height, ...labels) => [
  box(lanes[name] - 74, y, 148, height, colours.work, 'rx="3"'),
  labels.map((s, i) =>
    text(lanes[name], y + height / 2 + 5 + 17 * (i - (labels.length - 1) / 2), s, { fill: ink })
  )
]

file(
  'lease',
  'A lease: of two processes that miss a key, one loads it, and the other waits for the entry',
  436,
  [
    lane('A', 'process A', 424),
    lane('S', 'store', 424),
    lane('B', 'process B', 424),
    asks('A', 64, 'read', 'nothing'),
    asks('A', 112, 'acquire', 'won: token t1'),
    runs('A', 140, 136, 'runs the function;', 'renews the lease', 'all the while'),
    asks('B', 148, 'read', 'nothing'),
    asks('B', 196, 'acquire', 'busy'),
    runs('B', 222, 30, 'waits, some ms'),
    asks('B', 276, 'acquire', 'busy'),
    runs('B', 302, 30, 'waits, longer'),
    asks('A', 304, 'commit, with t1', 'stored, lease gone'),
    runs('A', 330, 30, 'answers'),
    asks('B', 360, 'acquire', 'there is an entry'),
    runs('B', 386, 30, 'answers')
  ]
)

file(
  'lease-lost',
  'A lease that is lost: a delete in another process takes it away, and the load stores nothing',
  308,
  [
    lane('A', 'process A', 296),
    lane('S', 'store', 296),
    lane('B', 'process B', 296),
    asks('A', 64, 'acquire', 'won: token t1'),
    runs('A', 92, 104, 'runs the function,', 'and reads', 'the old value'),
    runs('B', 84, 30, 'changes the source'),
    asks('B', 140, 'delete', 'entry and lease gone'),
    asks('A', 226, 'commit, with t1', 'refused'),
    runs('A', 252, 36, 'answers;', 'nothing is stored'),
    asks('B', 226, 'read', 'nothing'),
    runs('B', 252, 36, 'loads anew')
  ]
)
