using Cluster;

// Three nodes in processes of their own, and a front that sends each request to any of them: dotnet run [-- --store sqlite|postgres|redis --connection ...]
var arguments = new ConfigurationBuilder().AddCommandLine(args).Build();
if (arguments["node"] is { } name)
{
    await Node.RunAsync(name, arguments);
}
else
{
    try
    {
        await Front.RunAsync(arguments);
    }
    catch (InvalidOperationException exception)
    {
        // What is missing, and the cure.
        Console.Error.WriteLine(exception.Message);
        Environment.ExitCode = 1;
    }
}
