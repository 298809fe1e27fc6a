# ruby-liquid for the bench: asked and answering as liquidjs.mjs is.
require "json"
require "liquid"

template, input = ARGV
source = File.read(template, encoding: "UTF-8")
data = JSON.parse(File.read(input, encoding: "UTF-8"))
parsed = Liquid::Template.parse(source)

def now = Process.clock_gettime(Process::CLOCK_MONOTONIC, :nanosecond)

def measure(milliseconds)
  start = now
  calls = 0
  loop do
    yield
    calls += 1
    taken = now - start
    return taken / calls if taken >= milliseconds * 1_000_000
  end
end

$stdout.sync = true
$stdin.each_line do |line|
  what, milliseconds = line.split
  puts case what
       when "output" then JSON.generate(parsed.render!(data))
       when "render" then measure(milliseconds.to_i) { parsed.render!(data) }
       when "parse" then measure(milliseconds.to_i) { Liquid::Template.parse(source) }
       when "version" then "#{Liquid::VERSION}, ruby #{RUBY_VERSION}"
       end
end
