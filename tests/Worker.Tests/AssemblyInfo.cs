// Dropout and new layers draw from the process's one generator, which some tests seed: one test at a time.
[assembly: CollectionBehavior(DisableTestParallelization = true)]
