using System.Runtime.CompilerServices;

[assembly: InternalsVisibleTo("Shared.Tests")]
[assembly: InternalsVisibleTo("TrainingCluster.Worker")]
