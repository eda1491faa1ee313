/** The forms of a posture report. Apart, so that the words of the command load nothing else. */
export const reportFormats = ['table', 'json', 'csv', 'html', 'asff', 'ocsf'] as const

export type ReportFormat = (typeof reportFormats)[number]
