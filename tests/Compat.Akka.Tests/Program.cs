using TrainingCluster.Compat.Akka.Tests.Node;
using Xunit.Runner.InProc.SystemConsole;

return args is ["node", ..] ? await ClusterNode.Run(args[1..]) : await ConsoleRunner.Run(args);
