using System.CommandLine;
using TrainingCluster.Chaos;
using TrainingCluster.Cli;

var terminal = Terminal.OfProcess();
return await CommandLine.RunAsync(new RootCommand { ChaosCommand.Create(terminal) }, ["chaos", .. args], terminal);
