/** The words of the pages of work: asking, deciding, the elevation and its queries. */
export const work = {
  ask: {
    title: 'Ask for access',
    titleOf: (target: string) => `Ask for ${target}`,
    lead: 'Whoever decides sees exactly this, and exactly this is what you get.',
    choose: 'What do you need?',
    duration: 'For how long',
    durationHint: (most: string) =>
      `Such as 45m or 2h; at most ${most}. It begins when you start it.`,
    reason: 'Why',
    reasonHint: (least: number) =>
      least > 1
        ? `At least ${least} characters. Whoever decides reads this.`
        : 'Whoever decides reads this.',
    ticket: 'Ticket',
    ticketHint: (like: string) => `Like ${like}`,
    startAt: 'Not before (UTC)',
    startAtHint: (most: string) =>
      `Left empty, you can start as soon as it is approved. At most ${most} ahead, in UTC.`,
    startsAt: (time: string) => `can be started from ${time} UTC on`,
    tables: 'Tables',
    tablesHint: 'None chosen is all of them. Ask for what you need, and no more.',
    sql: 'Bind it to one query',
    sqlHint:
      'Then no other may run, to the letter. Whoever decides sees what it reads, not its values.',
    sqlLabel: 'The query',
    breakGlass:
      'Break glass: start without an approval. Everybody named by the rule is told now, and it is reviewed afterwards.',
    preview: 'Preview',
    previewTitle: 'What would happen',
    previewEmpty: 'Fill in the form to see who would be asked, or what is wanting.',
    submit: 'Send the ask',
    demands: 'What the rules want',
    demandUpTo: (most: string, mode: string) => `up to ${most}, ${mode}`,
    wantsReason: (least: number) => `a reason of at least ${least} characters`,
    wantsTicket: (like: string) => `a ticket like ${like}`,
    wantsSignIn: (what: string) => `your sign-in: ${what}`,
    decidedBy: (who: string) => `decided by ${who}`,
    decidedByRule: (perDay: number) => `approved by itself, at most ${perDay} times a day`,
    breaksGlass: 'for emergencies: nobody approves it before, somebody reviews it after',
    via: (places: string) => `asked from ${places}`,
    columnsOf: 'Columns',
    refused: 'It would be refused',
    notYet: 'Still wanting',
    notTaken: 'It was refused',
    willBeAsked: 'Will be asked',
    ofThem: (quorum: number) =>
      quorum === 1 ? 'One of them decides.' : `${quorum} of them decide.`,
    nobody: 'Nobody could approve it at present.',
    byItself: 'Nobody will be asked: the rule approves it at once.',
    atOnce:
      'Break glass: you can start at once. Everybody named by the rule is told now, and somebody else has to review it afterwards.',
    under: (rule: string) => `Rule ${rule}`,
    signInFirst: 'A rule wants a fresher or stronger sign-in for this.',
    signIn: 'Sign in again'
  },
  modes: {
    brokered: 'brokered',
    credentials: 'credentials',
    brokeredLong:
      'Queries run inside the broker; no credentials leave it, and the guardrail is enforced.',
    credentialsLong: 'Your own tools get AWS credentials; the guardrail is only advice there.'
  },
  approvals: {
    title: 'Approvals',
    lead: 'Asks that wait for a decision, what runs, and what has to be reviewed.',
    waiting: 'Waiting for you',
    nothing: 'Nothing waits for your decision.',
    nothingNext: 'When somebody asks for what you decide, it is shown here by itself.',
    others: 'Waiting for others',
    running: 'Running now',
    reviews: 'To be reviewed',
    look: 'Look and decide',
    open: 'Look',
    by: 'by',
    votes: (have: number, want: number) =>
      `${have} of ${want} ${want === 1 ? 'approval' : 'approvals'}`
  },
  elevation: {
    title: (target: string) => `Access to ${target}`,
    ask: 'The ask',
    requester: 'Who',
    reason: 'Why',
    ticket: 'Ticket',
    length: 'For',
    mode: 'How',
    rule: 'Rule',
    digest: 'Digest of the ask',
    id: 'Elevation',
    extends: 'Extends',
    startAt: 'From',
    query: 'Bound to',
    tables: 'Tables and columns',
    allColumns: 'all columns',
    someColumns: 'these columns',
    unclassified: 'no class',
    noClasses: 'no column of it has a class',
    why: 'Why the policy lets it through',
    story: 'What happened',
    storyLead: 'Each line is an entry of the ledger.',
    entry: (index: number) => `entry ${index}`,
    earlier: 'Earlier asks of this person',
    noEarlier: 'There is none that you may see.',
    decide: 'Your decision',
    approve: 'Approve',
    deny: 'Deny …',
    notHere: 'The rule is not decided in the console.',
    notHereVia: (places: string) => `It is decided in ${places}.`,
    voted: 'You have approved this. It waits for others.',
    stepUp: 'This rule wants a fresh sign-in of whoever approves.',
    stepUpButton: 'Sign in again to approve',
    revoke: 'End it now …',
    review: 'Write the review …',
    start: 'Start now',
    startsAt: 'It can be started from',
    startsAtOn: 'on',
    startHint: 'The window begins when you start it.',
    end: 'End it now …',
    cancel: 'Withdraw …',
    runQuery: 'Query',
    credentials: 'Your credentials',
    credentialsLead:
      'They are fetched by your own tools, never shown here, and work until the window is over.',
    credentialsProfile: 'Put this into ~/.aws/config:',
    credentialsUse: 'Then, for example:',
    left: 'left',
    until: 'until',
    extend: 'Extend …'
  },
  acts: {
    end: {
      title: (target: string) => `End your access to ${target}?`,
      lead: 'It ends now, before its time, and cannot be taken up again. Queries that run are stopped.',
      button: 'End it now',
      label: null
    },
    cancel: {
      title: (target: string) => `Withdraw your ask for ${target}?`,
      lead: 'It was not used. You can ask again at any time.',
      button: 'Withdraw it',
      label: null
    },
    deny: {
      title: (target: string) => `Deny this ask for ${target}?`,
      lead: 'One denial is final. The person who asked reads what you write.',
      button: 'Deny it',
      label: 'Why not'
    },
    revoke: {
      title: (target: string) => `End this access to ${target}?`,
      lead: 'It ends now. Queries that run are stopped, and the person reads what you write.',
      button: 'End it now',
      label: 'Why'
    },
    review: {
      title: (target: string) => `Review this use of ${target}`,
      lead: 'That you looked at what was done. Until then the person cannot break glass again.',
      button: 'Write it down',
      label: 'What you found'
    },
    back: 'Do nothing',
    again: 'Look at it again',
    state: 'State',
    refused: 'That was refused'
  },
  extend: {
    title: (target: string) => `Go on with ${target}`,
    lead: 'A new ask for the same tables: decided anew, started by you. What runs now ends when it would have.',
    durationHint: 'Such as 45m or 2h, from when you start it.',
    ticketHint: 'As the rule wants it, where it wants one.'
  },
  query: {
    title: (target: string) => `Query ${target}`,
    lead: 'Checked before it runs, exactly as it is written. Every query is in the ledger.',
    label: 'SQL',
    run: 'Run',
    check: 'Check',
    fine: 'It may run.',
    reads: 'It reads',
    refused: 'It may not run',
    at: (line: number, column: number) => `line ${line}, column ${column}`,
    status: 'The query',
    states: {
      queued: 'queued',
      running: 'running',
      succeeded: 'done',
      failed: 'failed',
      cancelled: 'stopped'
    },
    began: 'Begun',
    toElevation: 'To the elevation',
    scanned: 'Scanned',
    took: 'Took',
    rows: 'Rows',
    stop: 'Stop it',
    again: 'Look again',
    another: 'Another query',
    csv: 'All rows as CSV',
    next: 'Next rows',
    first: 'First rows',
    none: 'It gave no rows.',
    noneNext: 'It ran to its end. Perhaps the condition fits nothing.',
    cut: 'There are more rows than the broker hands out of one query.',
    gone: 'The window is over, so its rows are no longer handed out.',
    over: 'This elevation is not running, so nothing can be asked with it.',
    null: 'NULL'
  },
  channels: { slack: 'Slack', console: 'the console', cli: 'the CLI' }
} as const
