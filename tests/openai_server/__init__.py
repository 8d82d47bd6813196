"""A loopback server that speaks OpenAI's Images API, for tests: strict, honest about money, and able to fail.

Real HTTP on 127.0.0.1 (Starlette on uvicorn, in a thread). It is written from the documents of the API and never
imports dalle_nb, so that a mistake in our catalogue is caught instead of repeated. In a test:

    fault = api.fail("429_after:1", times=2)       # then good again
    shell.run_cell_magic("dalle", "", "a cat")     # with OPENAI_BASE_URL=api.url and any key
    assert len(api.calls_to("generations")) == 3
    assert (1, "no") == (api.billed.count, fault.claim)
    assert pictures.shows(data, "a cat")

A link comes only where a profile gives links (`api.profile("legacy")`, or `answers="url"`), so the `url_` faults need
one. Words in a prompt that are refused: `rules.BLOCKED`, `rules.BLOCKED_OUTPUT`. The rooms, each importing those
before it only:

    words      what was heard, what is to be drawn, what is refused
    models     OpenAI's models, and the tokens a picture costs
    rules      how OpenAI judges a call
    pictures   pictures whose pixels prove their prompt, and pictures that hurt
    wire       answers that need the connection itself: reset, cut, slow
    profiles   how other servers differ
    streams    server-sent events
    faults     everything that may go wrong, by name, and whether it was paid for
    jobs       files and batches, and what goes wrong with them late
    handle     what a test holds: what came in, what was billed, what shall fail
    app        the routes
    server     the thread
    fixtures   for pytest: `api`
"""
