"""Working one incident from several consoles: copies of the record, and who holds what.

Who holds what is told by Leases. `company.Company` is all of it for one incident in one console:

    company = Company(opened, incident, who, BootClock(), rng, lasts, has=..., on_change=..., on_command=...)
    company.start()                       nothing waits for the shared place, which may be away
    company.tell(entry_id)                the last entry that this console recorded
    company.roster.people, .link, .problem, .since, .rank, .overdue, .command(incident), .lock(uid)
    await company.command.take(name="")   -> Taken; HeldByOther; with the place away Taking.ALONE
    await company.command.hand_over(whom) -> Taken; a Person who is here, or a name
    await company.command.release()       the incident is over
    lock = await company.locks.take(uid, what)   HeldByOther, ClusterError
    await lock.confirm()                  immediately before each write: Lost, ClusterError
    await lock.release()                  never raises
    await company.stop()

`opened` gives `tui.clients.leases.Leases`, `who` a `naming.Console`. `Taken.words` says from whom something
was taken and since when that one is gone; `CommandEvent.words` what happened to command meanwhile.
`presence.problem` says that another machine goes by this console's id. Below that: `held.HeldLease` is one
lease, `sightings.Sightings` expiry by observation, `watching.LeaseWatch` the one list and watch.
"""
