using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("Shared.Tests")]
[assembly: InternalsVisibleTo("Fuzzing.Tests")]
[assembly: InternalsVisibleTo("TrainingCluster.Worker")]
