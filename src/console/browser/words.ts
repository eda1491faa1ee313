/** What scripts add to a page in words; all others come with the page. */
export const words = {
  changed: 'This has changed since the page was loaded. ',
  load: 'Load it again',
  showMe: 'Show me'
} as const
