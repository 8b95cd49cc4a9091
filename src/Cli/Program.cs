using TrainingCluster.Cli;

return await CommandLine.RunAsync(args, Terminal.OfProcess());
