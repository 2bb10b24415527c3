"""Delivery: views sent by mail or to a webhook, at the slots of subscriptions.

`subscriptions` says who gets what, `queue` what is due and what came of it, `content` what a view shows, `mail` and
`webhook` what is sent, and `dispatch` runs it all each minute, in the process that leads (`jobs.scheduler`).
"""
