"""A loopback server that speaks OpenAI's Images API, for tests: strict, honest about money, and able to fail.

Real HTTP on 127.0.0.1 (Starlette on uvicorn, in a thread). It is written from the documents of the API and never
imports dalle_nb, so that a mistake in our catalogue is caught instead of repeated. The rooms, each importing those
before it only:

    words      what was heard, what is to be drawn, what is refused
    models     OpenAI's models, and the tokens a picture costs
    rules      how OpenAI judges a call
    pictures   pictures whose pixels prove their prompt, and pictures that hurt
    wire       answers that need the connection itself: reset, cut, slow
    profiles   how other servers differ
    faults     everything that may go wrong, by name, and whether it was paid for
    streams    server-sent events
    handle     what a test holds: what came in, what was billed, what shall fail
    app        the routes
    server     the thread
    fixtures   for pytest: `api`
"""
