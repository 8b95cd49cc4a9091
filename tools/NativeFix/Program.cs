using TrainingCluster.NativeFix;

return NativeFixCommand.Run(args, Console.Out);
