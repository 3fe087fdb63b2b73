/**
 * The pages, as text.
 */
import type { Headline } from './database'

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }

const escaped = (text: string): string => text.replace(/[&<>"]/g, (c) => entities[c] ?? c)

const item = ({ author, id, revision, title }: Headline): string =>
  `<li><a href="/articles/${id}" data-revision="${revision}">${escaped(title)}</a> ` +
  `by <a href="/authors/${author}">author ${author}</a></li>`

export const listPage = (title: string, headlines: ReadonlyArray<Headline>): string =>
  `<!doctype html><title>${escaped(title)}</title><h1>${escaped(title)}</h1><ul>${headlines
    .map(item)
    .join('')}</ul>`

/** What such a page says: for who checks it. */
export const revisionsIn = (page: string): ReadonlyArray<readonly [id: number, revision: number]> =>
  [...page.matchAll(/"\/articles\/(\d+)" data-revision="(\d+)"/g)].map(([, id, revision]) => [
    Number(id),
    Number(revision)
  ])
